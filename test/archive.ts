/** Function archives for tests and benchmarks. */
import { ZipFile } from 'yazl';

/** A zip of the given files; names that end in `bootstrap` and external extensions are executable. */
export async function archive(files: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
    const executable = name.endsWith('bootstrap') || name.startsWith('extensions/');
    zip.addBuffer(bytes, name, { mode: executable ? 0o100755 : 0o100644 });
  }
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
