/** Writing XML: text that any parser reads back as it was, as far as XML can carry it at all. */

const special = /[&<>"'\r]/g;
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // Parsers turn a bare one into a line feed.
  '\r': '&#xD;',
};
/** What XML 1.0 has no way to say, not even as a reference; lone surrogates are dealt with before. */
// oxlint-disable-next-line no-control-regex
const unsayable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(unsayable, '\ufffd')
    .replace(special, (character) => entities[character] ?? '');
}

/** An element around content that is XML already. */
export function element(name: string, content: string): string {
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`;
}
