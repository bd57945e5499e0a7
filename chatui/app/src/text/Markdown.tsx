import { memo } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSanitize from "rehype-sanitize";
import remarkGfm from "remark-gfm";

const PLUGINS = { remark: [remarkGfm], rehype: [rehypeSanitize] };

const PARTS: Components = {
  // What a model links to is not trusted: it opens apart, and is told nothing of this page.
  a: ({ children, href }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  // An image's address would tell its server that this text was read: it is offered as a link.
  img: ({ src, alt }) => (
    <a href={typeof src === "string" ? src : undefined} target="_blank" rel="noopener noreferrer nofollow">
      {alt || "image"}
    </a>
  ),
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard, too
    <section className="table-scroll" tabIndex={0} aria-label="Table">
      <table>{children}</table>
    </section>
  ),
};

/** Text of a model, as Markdown; HTML in it is not taken for HTML. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      <ReactMarkdown remarkPlugins={PLUGINS.remark} rehypePlugins={PLUGINS.rehype} components={PARTS}>
        {text}
      </ReactMarkdown>
    </div>
  );
});
