/**
 * What is asked of KMS: data keys, new ones and again. So many calls at once; what may be over soon (throttling, failures, silence, answers that are
 * none) is tried again, and then told as a ChunkError `unavailable`. What somebody has to mend (denied, disabled, not found) is `withheld`. Only KMS's own
 * word that a ciphertext is not what it was is `sealed`.
 *
 * Operations, members and errors are those of the KMS API's reference (version 2014-11-01).
 */
import { awsErrorIn, type Members, membersIn, textIn } from '#lib/json-members';
import { Turns } from '#lib/turns';
import { pause, type Clock, type Random } from '#platform';
import { kmsLimits } from '../limits.ts';
import { ChunkError } from './errors.ts';
import type { SealedFor } from './sealed-text.ts';

/** How its calls are sent. */
export const kmsService = {
  service: 'kms',
  target: 'TrentService',
  protocol: 'json-1.1',
  callMsMax: kmsLimits.callMsMax,
  answerBytesMax: kmsLimits.answerBytesMax,
} as const;

export type KmsOperation = 'GenerateDataKey' | 'Decrypt';

/** One signed call over the network. Never rejects. */
export type KmsCall = (operation: KmsOperation, input: object) => Promise<KmsAnswer>;

export type KmsAnswer =
  | { readonly kind: 'answered'; readonly statusCode: number; readonly text: string }
  | { readonly kind: 'unanswered'; readonly reason: string };

export interface DataKey {
  /** 32 bytes. */
  readonly plaintext: Buffer;
  /** What KMS wants to see to give `plaintext` again. */
  readonly blob: Buffer;
}

export type Decrypted =
  | { readonly kind: 'key'; readonly plaintext: Buffer }
  /** `sealed` or `withheld`. */
  | { readonly kind: 'refused'; readonly error: ChunkError };

type Answer =
  | { readonly kind: 'done'; readonly members: Members }
  | { readonly kind: 'refused'; readonly error: ChunkError }
  | { readonly kind: 'later'; readonly reason: string };

export interface KmsOptions {
  readonly call: KmsCall;
  readonly clock: Clock;
  readonly random: Random;
}

export class Kms {
  readonly #options: KmsOptions;
  readonly #calls = new Turns(kmsLimits.callsMax, kmsLimits.callsWaitingMax);

  constructor(options: KmsOptions) {
    this.#options = options;
  }

  /** Rejects with a ChunkError `unavailable`, `overloaded` or `withheld`. */
  async generateDataKey(keyId: string, to: SealedFor): Promise<DataKey> {
    const input = { KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: contextOf(to) };
    const outcome = await this.#ask('GenerateDataKey', input, (members) => {
      const plaintext = plaintextIn(members);
      const blob = bytesIn(members, 'CiphertextBlob', kmsLimits.blobBytesMax);
      return plaintext && blob && { plaintext, blob };
    });
    if ('error' in outcome) throw outcome.error;
    return outcome.found;
  }

  /** Rejects with a ChunkError `unavailable` or `overloaded`. */
  async decrypt(keyId: string, blob: Buffer, to: SealedFor): Promise<Decrypted> {
    const CiphertextBlob = blob.toString('base64');
    const input = { KeyId: keyId, CiphertextBlob, EncryptionContext: contextOf(to) };
    const outcome = await this.#ask('Decrypt', input, plaintextIn);
    if ('error' in outcome) return { kind: 'refused', error: outcome.error };
    return { kind: 'key', plaintext: outcome.found };
  }

  async #ask<Found>(
    operation: KmsOperation,
    input: object,
    find: (members: Members) => Found | undefined,
  ): Promise<{ readonly found: Found } | { readonly error: ChunkError }> {
    const { call, clock, random } = this.#options;
    const startedMs = clock.monotonicMs();
    if (this.#calls.isFull) throw new ChunkError('overloaded', 'too many calls of KMS wait already');
    return this.#calls.run(async () => {
      for (let attempt = 1; ; attempt += 1) {
        const answer = answerOf(operation, await call(operation, input));
        if (answer.kind === 'refused') return { error: answer.error };
        const found = answer.kind === 'done' ? find(answer.members) : undefined;
        if (found !== undefined) return { found };
        const passedMs = clock.monotonicMs() - startedMs;
        if (attempt === kmsLimits.attemptsMax || passedMs >= kmsLimits.askMsMax) {
          const reason = answer.kind === 'later' ? answer.reason : 'an answer without a key';
          throw new ChunkError('unavailable', `KMS cannot ${operation} now: ${reason}`);
        }
        // Half of it by chance, so that those who were throttled together do not come back together.
        const backOffMs = Math.min(kmsLimits.backOffMsMax, kmsLimits.backOffMs * 2 ** (attempt - 1));
        await pause(clock, backOffMs * (0.5 + random.next() / 2));
      }
    });
  }
}

function contextOf({ owner, purpose }: SealedFor): Readonly<Record<string, string>> {
  return { owner, purpose };
}

/** Errors that pass, beside those of status 429 and 500 and above. */
const passing =
  /^(?:Throttling(?:Exception)?|ThrottledException|TooManyRequestsException|RequestLimitExceeded|RequestThrottled(?:Exception)?|SlowDown|LimitExceededException|KMSInternalException|DependencyTimeoutException|KeyUnavailableException|RequestTimeout(?:Exception)?|InternalFailure|ServiceUnavailable(?:Exception)?)$/;

function answerOf(operation: KmsOperation, answer: KmsAnswer): Answer {
  if (answer.kind === 'unanswered') return { kind: 'later', reason: answer.reason };
  const { statusCode, text } = answer;
  const members = membersIn(text);
  if (statusCode === 200) {
    return members ? { kind: 'done', members } : { kind: 'later', reason: 'an answer that is no JSON' };
  }
  const { type = '', message } = awsErrorIn(members);
  const told = shown(`${type === '' ? `HTTP ${statusCode}` : type}${message === '' ? '' : `: ${message}`}`);
  // What has no name is not KMS's: something between, which may be gone soon.
  if (type === '' || statusCode === 429 || statusCode >= 500 || passing.test(type)) {
    return { kind: 'later', reason: told };
  }
  if (operation === 'Decrypt' && type === 'InvalidCiphertextException') {
    const error = new ChunkError('sealed', `KMS does not open it: ${told}`);
    return { kind: 'refused', error };
  }
  const error = new ChunkError('withheld', `KMS does not give the key (${operation}): ${told}`);
  return { kind: 'refused', error };
}

function plaintextIn(members: Members): Buffer | undefined {
  const bytes = bytesIn(members, 'Plaintext', dataKeyBytes);
  return bytes?.length === dataKeyBytes ? bytes : undefined;
}

const dataKeyBytes = 32;

/** Not empty, and in base64 as it is written. */
function bytesIn(members: Members, name: string, bytesMax: number): Buffer | undefined {
  const text = textIn(members, name);
  if (text === undefined || text === '') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length <= bytesMax && bytes.toString('base64') === text ? bytes : undefined;
}

/** Fit for a log, whoever wrote it. */
const shown = (text: string): string =>
  text.slice(0, kmsLimits.reasonCharactersMax).replaceAll(/[^\x20-\x7e]/g, '?');
