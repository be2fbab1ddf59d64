/**
 * The services behind a listener, by signing name. Most of them are not asked for anything in most of Lambkin's lives, so one may be loaded by its first
 * request; requests that come meanwhile wait for the same loading, and one that failed is tried again by the next request.
 */
import type { LaterService, Service } from '../service.ts';

export class Services {
  readonly #here = new Map<string, Service>();
  readonly #later = new Map<string, LaterService>();
  readonly #loading = new Map<string, Promise<Service>>();

  constructor(services: ReadonlyMap<string, Service | LaterService>) {
    for (const [name, service] of services) {
      if ('load' in service) this.#later.set(name, service);
      else this.#here.set(name, service);
    }
  }

  /** undefined: there is none of this name. A promise only of a service that is still to be loaded; it rejects where that fails. */
  find(name: string): Service | Promise<Service> | undefined {
    return this.#here.get(name) ?? this.#loading.get(name) ?? this.#load(name);
  }

  #load(name: string): Promise<Service> | undefined {
    const later = this.#later.get(name);
    if (later === undefined) return undefined;
    const loading = later
      .load()
      .then((service) => {
        this.#here.set(name, service);
        return service;
      })
      .finally(() => this.#loading.delete(name));
    this.#loading.set(name, loading);
    return loading;
  }
}
