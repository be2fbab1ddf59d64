/**
 * What to make of a chunk's shards as they come in, in any order: as soon as four are there they are tried; if they do not make the chunk, one of
 * them is wrong, and the fifth tells which. Pure: `matches` compares with the chunk's name.
 *
 *     waiting ──four fit──▶ found           ──two are missing──▶ lost
 *        └──four do not fit──▶ waiting ──the fifth──▶ found, and who was wrong, or lost
 */
import { dataShards, decode, shardBytes, shardCount } from './shards.ts';

export type Gathered =
  | { readonly kind: 'waiting' }
  /** `wrong`: places whose shards are not what they should be. */
  | { readonly kind: 'found'; readonly chunk: Uint8Array; readonly wrong: readonly number[] }
  /** `wrong`: places of which one at least is not what it should be. */
  | { readonly kind: 'lost'; readonly wrong: readonly number[] };

export class Gathering {
  readonly #matches: (chunk: Uint8Array) => boolean;
  readonly #shards: (Uint8Array | undefined)[] = Array.from({ length: shardCount }, () => undefined);
  /** Those of the wrong length. */
  readonly #wrong: number[] = [];
  #there = 0;
  #missing = 0;
  #over = false;

  constructor(matches: (chunk: Uint8Array) => boolean) {
    this.#matches = matches;
  }

  /** The answer for one place; each is given once. undefined: there is none. What comes after the end changes nothing. */
  take(place: number, shard: Uint8Array | undefined): Gathered {
    if (this.#over) return { kind: 'waiting' };
    const gathered = this.#add(place, shard);
    this.#over = gathered.kind !== 'waiting';
    return gathered;
  }

  #add(place: number, shard: Uint8Array | undefined): Gathered {
    if (shard?.byteLength === shardBytes) {
      this.#shards[place] = shard;
      this.#there += 1;
      if (this.#there === shardCount) return this.#tryAll();
      const chunk = this.#there === dataShards ? decode(this.#shards) : undefined;
      if (chunk !== undefined && this.#matches(chunk)) return { kind: 'found', chunk, wrong: this.#wrong };
    } else {
      this.#missing += 1;
      if (shard !== undefined) this.#wrong.push(place);
    }
    if (this.#missing > shardCount - dataShards) return { kind: 'lost', wrong: this.#wrong };
    return this.#there + this.#missing < shardCount
      ? { kind: 'waiting' }
      : // Four, and they do not fit: each of them may be the one.
        { kind: 'lost', wrong: [...this.#wrong, ...this.#places()] };
  }

  /** Four of them did not fit: without each in turn. */
  #tryAll(): Gathered {
    for (const without of this.#shards.keys()) {
      const chunk = decode(this.#shards.map((shard, place) => (place === without ? undefined : shard)));
      if (chunk !== undefined && this.#matches(chunk)) return { kind: 'found', chunk, wrong: [without] };
    }
    return { kind: 'lost', wrong: this.#places() };
  }

  #places(): readonly number[] {
    return this.#shards.flatMap((shard, place) => (shard === undefined ? [] : [place]));
  }
}
