/**
 * The houses of a worker: one for functions whose files Lambkin lays out, and one for functions of container images. That one is opened with the first of
 * them, after its image was mounted: an enclave sees only of those directories what is mounted in them later that were shared when it was made.
 */
import { House, type HouseParts } from './house.ts';

export type HouseKind = 'plain' | 'images';

export class Houses {
  readonly #parts: (kind: HouseKind) => HouseParts;
  readonly #houses = new Map<HouseKind, Promise<House>>();
  #closed = false;

  constructor(parts: (kind: HouseKind) => HouseParts) {
    this.#parts = parts;
  }

  /** The house, opened again after it fell down. */
  async opened(kind: HouseKind): Promise<House> {
    for (;;) {
      const opening = this.#houses.get(kind) ?? this.#open(kind);
      const house = await opening;
      if (house.enclave.isOpen) return house;
      if (this.#houses.get(kind) === opening) this.#houses.delete(kind);
    }
  }

  /** The house, if it stands. */
  async standing(kind: HouseKind): Promise<House | undefined> {
    const house = await this.#houses.get(kind)?.catch(() => undefined);
    return house?.enclave.isOpen === true ? house : undefined;
  }

  /** Opens none any more. */
  end(): void {
    this.#closed = true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const houses = [...this.#houses.values()];
    await Promise.all(
      houses.map((opening) =>
        opening.then(
          (house) => house.close(),
          () => {},
        ),
      ),
    );
  }

  #open(kind: HouseKind): Promise<House> {
    if (this.#closed) return Promise.reject(new Error('the worker is closing'));
    const opening = House.open(this.#parts(kind));
    this.#houses.set(kind, opening);
    opening.catch(() => {
      if (this.#houses.get(kind) === opening) this.#houses.delete(kind);
    });
    return opening;
  }
}
