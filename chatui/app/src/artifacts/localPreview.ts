import { type GeneratedFile, pageOf } from "./files.ts";
import { type Running, SandboxError, type SandboxProvider } from "./sandbox.ts";

/** Static web output, put into one document: a frame without an origin has no server to fetch the other files from. */
export const localPreview: SandboxProvider = {
  name: "In this page",
  run(files, entry): Promise<Running> {
    const page = pageOf(files, entry);
    if (page === null) {
      const message = "There is no HTML or SVG file to show. What needs a server runs in a remote sandbox only.";
      return Promise.reject(new SandboxError("NOTHING_TO_SHOW", message));
    }
    return Promise.resolve({ kind: "document", html: wholeDocument(page, files) });
  },
};

export function wholeDocument(page: GeneratedFile, files: readonly GeneratedFile[]): string {
  if (/\.svg$/i.test(page.path)) return `<!doctype html><body style="margin:0">${page.content}</body>`;
  // Parsed apart: nothing in it runs or loads here.
  const document = new DOMParser().parseFromString(page.content, "text/html");
  const find = (address: string | null): string | undefined => {
    if (address === null || /^[a-z][a-z0-9+.-]*:|^\/\//i.test(address)) return undefined;
    const path = resolved(page.path, address);
    return files.find((file) => file.path.replace(/^\.?\//, "") === path)?.content;
  };
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel~="stylesheet"]')) {
    const content = find(link.getAttribute("href"));
    if (content === undefined) continue;
    const style = document.createElement("style");
    style.textContent = content;
    link.replaceWith(style);
  }
  for (const script of document.querySelectorAll<HTMLScriptElement>("script[src]")) {
    const content = find(script.getAttribute("src"));
    if (content === undefined) continue;
    const inline = document.createElement("script");
    // Inline scripts run at once, files with `defer` and modules when the page is there.
    const later = script.defer || script.type === "module";
    if (later) inline.type = "module";
    inline.textContent = content.replaceAll("</script", "<\\/script");
    script.replaceWith(inline);
  }
  for (const image of document.querySelectorAll<HTMLImageElement>("img[src]")) {
    const content = find(image.getAttribute("src"));
    if (content !== undefined) image.src = `data:image/svg+xml,${encodeURIComponent(content)}`;
  }
  return `<!doctype html>${document.documentElement.outerHTML}`;
}

function resolved(from: string, address: string): string {
  const bare = address.split(/[?#]/)[0] ?? "";
  const base = bare.startsWith("/")
    ? []
    : from
        .replace(/^\.?\//, "")
        .split("/")
        .slice(0, -1);
  const path: string[] = [...base];
  for (const step of bare.split("/")) {
    if (step === "..") path.pop();
    else if (step !== "" && step !== ".") path.push(step);
  }
  return path.join("/");
}
