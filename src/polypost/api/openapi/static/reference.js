const key = document.querySelector("#reference").dataset.key;

// The address bar's own origin, so that requests from the page go to the server that served it.
Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  servers: [{ url: window.location.origin, description: "This server." }],
  theme: "none",
  layout: "modern",
  withDefaultFonts: false,
  telemetry: false,
  persistAuth: false,
  showDeveloperTools: "never",
  hideClientButton: true,
  agent: { disabled: true },
  mcp: { disabled: true },
  authentication: {
    preferredSecurityScheme: "accessKey",
    ...(key && { securitySchemes: { accessKey: { value: key } } }),
  },
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  metaData: { title: "Polypost API" },
});
