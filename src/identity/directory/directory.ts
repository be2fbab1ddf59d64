/** The directory of an account: its users, roles and policies, read from memory and changed in the store. */
import {
  addRecord,
  type ChangeOutcome,
  changeRecords,
  type Clock,
  type Decision,
  DocumentFollower,
  type Documents,
  type Random,
  type Revision,
  type Stored,
  storedRecord,
  type Write,
} from '#platform';
import { commitAttemptsMax } from '../limits.ts';
import { type Collection, directoryPrefix, documentKey } from './keys.ts';
import type { PolicyRecord, RoleRecord, UserRecord } from './records.ts';
import { DirectoryView } from './view.ts';

export interface DirectoryOptions {
  readonly documents: Documents;
  readonly accountId: string;
  readonly random: Random;
  readonly clock: Clock;
  /** Told when the watch on the store breaks; it goes on by itself. */
  readonly onTrouble?: (error: unknown) => void;
}

interface Records {
  readonly users: UserRecord;
  readonly roles: RoleRecord;
  readonly policies: PolicyRecord;
}

/** Resolves once the directory shows the whole state of the store. */
export async function openDirectory(options: DirectoryOptions): Promise<Directory> {
  const view = new DirectoryView(options.accountId);
  const { documents, clock, random, onTrouble } = options;
  const follower = new DocumentFollower({
    documents,
    prefix: directoryPrefix(options.accountId),
    clock,
    random,
    name: 'the directory',
    keys: () => view.keys(),
    apply(changes) {
      // What is gone first: a user who was renamed must not lose what stands under the new name.
      for (const change of changes) if (change.kind === 'delete') view.delete(change.key, change.revision);
      for (const change of changes) if (change.kind === 'put') view.put(change.document);
    },
    ...(onTrouble && { onTrouble }),
  });
  await follower.start();
  return new Directory(options, view, follower);
}

export class Directory {
  readonly accountId: string;
  /** What the store holds, as far as it was seen; what was changed here is in it. */
  readonly view: DirectoryView;
  readonly #documents: Documents;
  readonly #follower: DocumentFollower;

  constructor({ accountId, documents }: DirectoryOptions, view: DirectoryView, follower: DocumentFollower) {
    this.accountId = accountId;
    this.view = view;
    this.#documents = documents;
    this.#follower = follower;
  }

  /** From the store: what a change is decided on. */
  async read<Of extends Collection>(collection: Of, name: string): Promise<Stored<Records[Of]> | undefined> {
    const document = await this.#documents.get(documentKey(this.accountId, collection, name));
    return document && storedRecord<Records[Of]>(document);
  }

  /** Writes where nothing is. */
  add<Of extends Collection>(collection: Of, value: Records[Of]): Write {
    const key = documentKey(this.accountId, collection, value.name);
    return addRecord(key, value);
  }

  /** Reads, decides and writes, anew whenever somebody else was faster, and returns once the view shows the change. */
  async change<Result>(decide: () => Promise<Decision<Result>>): Promise<ChangeOutcome<Result>> {
    const reached = async (revision: Revision): Promise<void> => this.#follower.reached(revision);
    return changeRecords({ documents: this.#documents, attemptsMax: commitAttemptsMax, reached }, decide);
  }

  close(): void {
    void this.#follower.close();
  }
}
