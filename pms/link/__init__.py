"""The line between the server and its carriers: gateways and 4G modules behind a broker, frames up and down."""
