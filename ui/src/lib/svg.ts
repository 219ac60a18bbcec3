// A picture drawn by the backend, as an image: inside an image nothing can run or load.

/** A data URL for an SVG text; `null` when it is not a plain SVG. */
export function svgUrl(svg: string): string | null {
  const text = svg.trimStart();
  if (!/^(<\?xml[^>]*\?>\s*)?<svg[\s>]/i.test(text) || /<script|<foreignObject|\son\w+\s*=/i.test(text)) return null;
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}
