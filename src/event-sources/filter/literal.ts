/**
 * Finding a text in another in linear time, whatever the two are (Knuth, Morris and Pratt). `String.indexOf` is faster on ordinary texts and takes
 * the product of both lengths on hostile ones, such as `aaa…ab` in `aaaa…`. Pure.
 */
export class Literal {
  readonly text: string;
  /** At i: how much of the text is known to match when the character after its first i + 1 does not. */
  readonly #fallbacks: readonly number[];

  constructor(text: string) {
    this.text = text;
    const fallbacks = [0];
    for (let at = 1, known = 0; at < text.length; at += 1) {
      while (known > 0 && text[at] !== text[known]) known = fallbacks[known - 1] ?? 0;
      if (text[at] === text[known]) known += 1;
      fallbacks.push(known);
    }
    this.#fallbacks = fallbacks;
  }

  /** Where it begins, from `from` on and ending at `end` at the latest; -1: nowhere. */
  indexIn(subject: string, from: number, end: number): number {
    const { text } = this;
    if (text.length === 0) return from <= end ? from : -1;
    let known = 0;
    for (let at = from; at < end; at += 1) {
      const code = subject.charCodeAt(at);
      while (known > 0 && code !== text.charCodeAt(known)) known = this.#fallbacks[known - 1] ?? 0;
      if (code === text.charCodeAt(known)) known += 1;
      if (known === text.length) return at + 1 - known;
    }
    return -1;
  }
}
