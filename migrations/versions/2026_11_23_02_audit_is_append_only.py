"""audit is append only: the database itself refuses to change or remove an entry"""

from alembic import op

revision = "2026_11_23_02"
down_revision = "2026_11_23_01"
branch_labels = None
depends_on = None

_REFUSAL = "audit entries are never changed"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"""
            CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$
            """
        )
        op.execute(
            """
            CREATE TRIGGER audit_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
            """
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"""
            CREATE TRIGGER audit_entry_no_{act.lower()} BEFORE {act} ON audit_entry
            BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
            """
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entry_is_append_only ON audit_entry")
        op.execute("DROP FUNCTION refuse_audit_change()")
        return
    for act in ("update", "delete"):
        op.execute(f"DROP TRIGGER audit_entry_no_{act}")
