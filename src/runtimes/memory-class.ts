/**
 * Heap limits of a Node process. They can only be given when it starts, before its function and so its memory size is known:
 * processes wait in a pool by class, and a function gets the largest class that fits its memory.
 */

/** Megabytes. */
const classes = [
  128, 192, 256, 384, 512, 768, 1024, 1536, 1769, 2048, 3008, 4096, 5120, 6144, 8192, 10_240,
] as const;

/** The class of a function with `memoryMb`, in megabytes. */
export function memoryClassMb(memoryMb: number): number {
  return classes.findLast((size) => size <= memoryMb) ?? classes[0];
}

/**
 * V8's limits for a class, shared out as AWS's Node runtimes do: 90 % of the memory for the old generation, 10 % for the
 * young one, which V8 keeps in two halves.
 */
export function heapFlags(classMb: number): readonly string[] {
  return [
    `--max-semi-space-size=${Math.floor(classMb / 20)}`,
    `--max-old-space-size=${Math.floor((classMb * 9) / 10)}`,
  ];
}
