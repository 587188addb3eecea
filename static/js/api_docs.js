// The page of the API: Swagger UI, reading the server's own document, in the theme of the page.
document.addEventListener("DOMContentLoaded", () => {
  const host = document.getElementById("api-docs");
  if (!host || !window.SwaggerUIBundle) return;

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const dress = () => {
    const theme = document.documentElement.dataset.theme;
    document.documentElement.classList.toggle("dark-mode", theme === "dark" || (theme === "auto" && dark.matches));
  };
  dress();
  dark.addEventListener("change", dress);

  window.SwaggerUIBundle({
    domNode: host,
    url: host.dataset.document,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    filter: true,
    deepLinking: true,
    persistAuthorization: false,
    validatorUrl: null,
    syntaxHighlight: false,
    // The page has one main part already.
    onComplete: () => host.querySelector("main")?.setAttribute("role", "group"),
  });
});
