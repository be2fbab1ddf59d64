/**
 * Move tasks: messages of a dead-letter queue go back to where they came from, or elsewhere.
 *
 *     RUNNING ──▶ COMPLETED    as many were moved as there were at the start, or none is left
 *        │  └───▶ FAILED       there is nowhere to move them to
 *        ▼
 *     CANCELLING ─▶ CANCELLED
 *
 * A task is a document (`sqs/move/<queue's id>/<task's id>`); one that runs is taken up again after a restart.
 */
import type { Cancel, Clock, Documents, Entropy, Json, Message, Queue as MessageQueue } from '#platform';
import { WireError } from '#wire';
import type { Catalogue } from './catalogue.ts';
import { invalidParameter } from './faults.ts';
import { moveTasksMax, type SqsLimits } from './limits.ts';
import type { Queue } from './queue.ts';
import { decodeContent, encodeContent } from './stored-message.ts';

export interface MoveTask {
  readonly id: string;
  readonly queueId: string;
  readonly sourceArn: string;
  /** Absent: to the queue that each message came from. */
  readonly destinationArn?: string;
  readonly perSecondMax?: number;
  readonly startedMs: number;
  /** Messages that could be received at the start. */
  readonly toMove: number;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';
  readonly moved: number;
  readonly failureReason?: string;
}

export interface NewMoveTask {
  readonly source: Queue;
  readonly destination?: Queue | undefined;
  readonly perSecondMax?: number | undefined;
}

const prefix = 'sqs/move/';
const keyOf = ({ queueId, id }: MoveTask): string => `${prefix}${queueId}/${id}`;
/** Messages of one step. */
const stepMessages = 100;
/** How long a message is hidden from others while it moves. */
const movingMs = 30_000;
/** Progress is written so often; what is written after a crash is a little behind. */
const progressMs = 1000;

export class MoveTasks {
  readonly #catalogue: Catalogue;
  readonly #documents: Documents;
  readonly #messages: MessageQueue;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #limits: SqsLimits;
  readonly #arrived: (queue: Queue) => void;
  readonly #onFault: (error: unknown) => void;
  /** By the id of their queue, the newest first. */
  readonly #tasks = new Map<string, MoveTask[]>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #sleeping = new Set<() => void>();
  #closed = false;

  constructor(options: {
    readonly catalogue: Catalogue;
    readonly documents: Documents;
    readonly messages: MessageQueue;
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly limits: SqsLimits;
    readonly arrived: (queue: Queue) => void;
    readonly onFault: (error: unknown) => void;
  }) {
    this.#catalogue = options.catalogue;
    this.#documents = options.documents;
    this.#messages = options.messages;
    this.#clock = options.clock;
    this.#entropy = options.entropy;
    this.#limits = options.limits;
    this.#arrived = options.arrived;
    this.#onFault = options.onFault;
  }

  /** Takes up what an earlier run has left. After the catalogue is loaded. */
  async resume(): Promise<void> {
    const ids = new Set(this.#catalogue.queues().map(({ record }) => record.id));
    let after: string | undefined;
    do {
      const listing = await this.#documents.list(prefix, after === undefined ? {} : { after });
      for (const { key, value } of listing.documents) {
        const task = value as unknown as MoveTask;
        if (ids.has(task.queueId)) this.#keep(task);
        else await this.#documents.commit([{ kind: 'delete', key, expected: 'any' }]);
      }
      after = listing.next;
    } while (after !== undefined);
    for (const tasks of this.#tasks.values()) {
      tasks.sort((a, b) => b.startedMs - a.startedMs);
      for (const task of tasks) if (isActive(task)) this.#run(task);
    }
  }

  /** The newest first. */
  of(source: Queue): readonly MoveTask[] {
    return this.#tasks.get(source.record.id) ?? [];
  }

  async start({ source, destination, perSecondMax }: NewMoveTask): Promise<MoveTask> {
    const queueId = source.record.id;
    const { visible } = await this.#messages.depth(source.stored);
    // From here to where the task is kept nothing waits: there can be no second one.
    if (this.of(source).some(isActive)) {
      throw invalidParameter(
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
      );
    }
    const task: MoveTask = {
      id: this.#entropy.uuid(),
      queueId,
      sourceArn: source.arn,
      startedMs: this.#clock.wallMs(),
      toMove: visible,
      status: 'RUNNING',
      moved: 0,
      ...(destination === undefined ? {} : { destinationArn: destination.arn }),
      ...(perSecondMax === undefined ? {} : { perSecondMax }),
    };
    this.#keep(task);
    await this.#write(task);
    await this.#forgetOldest(queueId);
    this.#run(task);
    return task;
  }

  /** Answers how many messages were moved until then. */
  async cancel(source: Queue, taskId: string): Promise<number> {
    const task = this.of(source).find(({ id }) => id === taskId);
    if (task === undefined) throw new WireError('ResourceNotFoundException', 'Task does not exist.');
    if (task.status !== 'RUNNING') {
      throw invalidParameter('Only active tasks can be cancelled.');
    }
    this.#keep({ ...task, status: 'CANCELLING' });
    for (const wake of this.#sleeping) wake();
    await this.#running.get(task.id);
    return this.#find(task).moved;
  }

  /** Lets the step that is under way end. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#sleeping) wake();
    await Promise.all(this.#running.values());
  }

  #run(task: MoveTask): void {
    const run = this.#steps(task)
      .catch((error: unknown) => this.#onFault(error))
      .finally(() => this.#running.delete(task.id));
    this.#running.set(task.id, run);
  }

  async #steps(started: MoveTask): Promise<void> {
    let writtenMs = this.#clock.monotonicMs();
    while (!this.#closed) {
      const task = this.#find(started);
      const rate = task.perSecondMax;
      const wanted = Math.min(
        stepMessages,
        task.toMove - task.moved,
        rate === undefined ? stepMessages : Math.ceil(rate / 10),
      );
      const step = task.status === 'CANCELLING' ? 'cancelled' : await this.#step(task, wanted);
      // Cancelled meanwhile, perhaps: the newest counts.
      const now = this.#find(started);
      if (step === 'cancelled') return this.#end({ ...now, status: 'CANCELLED' });
      if (typeof step === 'string') return this.#end({ ...now, status: 'FAILED', failureReason: step });
      const moved = { ...now, moved: now.moved + step };
      this.#keep(moved);
      if (now.status === 'RUNNING' && (step === 0 || moved.moved >= task.toMove)) {
        return this.#end({ ...moved, status: 'COMPLETED' });
      }
      if (this.#clock.monotonicMs() - writtenMs >= progressMs) {
        writtenMs = this.#clock.monotonicMs();
        await this.#write(moved);
      }
      await this.#sleep(rate === undefined ? this.#limits.moveIntervalMs : (step * 1000) / rate);
    }
  }

  /** How many were moved, or why none can be. */
  async #step(task: MoveTask, wanted: number): Promise<number | string> {
    const source = this.#catalogue.findByArn(task.sourceArn);
    if (source === undefined || source.record.id !== task.queueId) return noSuchQueue;
    if (wanted <= 0) return 0;
    const { stored, settings } = source;
    const received = await this.#messages.receive(stored, {
      max: wanted,
      visibilityTimeoutMs: movingMs,
      inGroups: settings.fifo,
    });
    const outcomes = await Promise.all(received.map((message) => this.#move(task, source, message)));
    const failure = outcomes.find((outcome) => typeof outcome === 'string');
    if (failure === undefined) return received.length;
    const moved = outcomes.filter((outcome) => outcome === undefined).length;
    const now = this.#find(task);
    this.#keep({ ...now, moved: now.moved + moved });
    return failure;
  }

  async #move(task: MoveTask, source: Queue, message: Message): Promise<string | undefined> {
    const { deadLetterSourceArn, ...content } = decodeContent(message.body);
    const arn = task.destinationArn ?? deadLetterSourceArn;
    const target = arn === undefined ? undefined : this.#catalogue.findByArn(arn);
    if (target === undefined) {
      await this.#messages.changeVisibility(source.stored, message.receipt, 0);
      return arn === undefined ? 'CouldNotDetermineMessageSource' : noSuchQueue;
    }
    const { group } = message;
    await this.#messages.move(source.stored, message.receipt, target.stored, {
      body: encodeContent(content),
      ...(group === undefined ? {} : { group }),
    });
    this.#arrived(target);
    return undefined;
  }

  async #end(task: MoveTask): Promise<void> {
    this.#keep(task);
    await this.#write(task);
  }

  #find({ queueId, id }: MoveTask): MoveTask {
    const task = this.#tasks.get(queueId)?.find((one) => one.id === id);
    if (task === undefined) throw new Error(`the move task ${id} is not kept`);
    return task;
  }

  #keep(task: MoveTask): void {
    const tasks = this.#tasks.get(task.queueId) ?? [];
    this.#tasks.set(task.queueId, tasks);
    const at = tasks.findIndex(({ id }) => id === task.id);
    if (at >= 0) tasks[at] = task;
    else tasks.unshift(task);
  }

  async #forgetOldest(queueId: string): Promise<void> {
    const tasks = this.#tasks.get(queueId) ?? [];
    for (const old of tasks.splice(moveTasksMax)) {
      await this.#documents.commit([{ kind: 'delete', key: keyOf(old), expected: 'any' }]);
    }
  }

  async #write(task: MoveTask): Promise<void> {
    const value = task as unknown as Json;
    await this.#documents.commit([{ kind: 'put', key: keyOf(task), value, expected: 'any' }]);
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    const cancel: Cancel = this.#clock.after(ms, wake);
    this.#sleeping.add(wake);
    await promise;
    cancel();
    this.#sleeping.delete(wake);
  }
}

const noSuchQueue = 'AWS.SimpleQueueService.NonExistentQueue';

const isActive = ({ status }: MoveTask): boolean => status === 'RUNNING' || status === 'CANCELLING';
