/** One line of the benchmark's table, and how the table is printed. */

export interface Row {
  readonly what: string;
  /** What was measured, with its unit. */
  readonly lambkin: string;
  /** The floor of the same run. */
  readonly floor: string;
  /** The figure that the promise is about. */
  readonly figure: string;
  /** The promise of docs/SPECIFICATION.md, and whether this run kept it; absent where there is none. */
  readonly promise?: { readonly text: string; readonly kept: boolean };
}

export function print(rows: readonly Row[]): void {
  const cells = [
    ['what', 'Lambkin', 'floor', 'figure', 'promise', ''],
    ...rows.map((row) => [
      row.what,
      row.lambkin,
      row.floor,
      row.figure,
      row.promise?.text ?? '',
      row.promise === undefined ? '' : row.promise.kept ? 'kept' : 'MISSED',
    ]),
  ];
  const widths =
    cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  for (const line of cells) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
