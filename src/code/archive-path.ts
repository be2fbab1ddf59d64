/** The path under which an archive is offered for download (GetFunction's Code.Location); whoever serves it adds a signature. */

const pathPattern = /^\/code\/([0-9a-f]{64})\.zip$/;

/** `code` as metadata records it. */
export function archivePath(code: { readonly sha256: string }): string {
  return `/code/${Buffer.from(code.sha256, 'base64').toString('hex')}.zip`;
}

/** Whose download the path is: where the archive stands in Blobs. Undefined for any other path. */
export function codeOfArchivePath(
  path: string,
): { readonly sha256: string; readonly blobKey: string; readonly sizeBytes: number } | undefined {
  const digest = pathPattern.exec(path)?.[1];
  if (digest === undefined) return undefined;
  // The size is not known from the path, and nobody needs it to read.
  return { sha256: Buffer.from(digest, 'hex').toString('base64'), blobKey: `code/${digest}`, sizeBytes: 0 };
}
