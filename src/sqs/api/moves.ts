/** The operations on message move tasks. */
import { type Handlers, type Input, WireError } from '#wire';
import type { Catalogue } from '../catalogue.ts';
import { invalidParameter } from '../faults.ts';
import { moveRateMax, moveTasksMax } from '../limits.ts';
import type { MoveTask } from '../move-tasks.ts';
import type { Queue } from '../queue.ts';
import { numberIn, required, type SqsParts, textIn } from './request.ts';

export function moveHandlers({ catalogue, tasks }: SqsParts): Handlers {
  return {
    async StartMessageMoveTask(input) {
      const source = queueByArn(catalogue, required(input, 'SourceArn'), 'SourceArn');
      if (catalogue.sourcesOf(source.arn).length === 0) {
        throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
      }
      const arn = textIn(input, 'DestinationArn');
      const destination = arn === undefined ? undefined : queueByArn(catalogue, arn, 'DestinationArn');
      if (destination !== undefined && destination.settings.fifo !== source.settings.fifo) {
        throw invalidParameter('Source queue and destination queue must be of the same type.');
      }
      const perSecondMax = numberIn(input, 'MaxNumberOfMessagesPerSecond', 1, moveRateMax);
      return { TaskHandle: handleOf(await tasks.start({ source, destination, perSecondMax })) };
    },
    async CancelMessageMoveTask(input) {
      const { taskId, sourceArn } = parseHandle(required(input, 'TaskHandle'));
      const source = queueByArn(catalogue, sourceArn, 'SourceArn');
      return { ApproximateNumberOfMessagesMoved: await tasks.cancel(source, taskId) };
    },
    async ListMessageMoveTasks(input: Input) {
      const source = queueByArn(catalogue, required(input, 'SourceArn'), 'SourceArn');
      const max = numberIn(input, 'MaxResults', 1, moveTasksMax) ?? 1;
      return { Results: tasks.of(source).slice(0, max).map(taskMembers) };
    },
  };
}

function queueByArn(catalogue: Catalogue, arn: string, parameter: string): Queue {
  const queue = catalogue.findByArn(arn);
  if (queue !== undefined) return queue;
  if (!/^arn:[^:]+:sqs:[^:]+:\d{12}:[^:]+$/.test(arn)) {
    throw invalidParameter(
      `You must use this format to specify the ${parameter}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>`,
    );
  }
  throw new WireError(
    'ResourceNotFoundException',
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  );
}

const handleOf = ({ id, sourceArn }: MoveTask): string =>
  Buffer.from(JSON.stringify({ taskId: id, sourceArn })).toString('base64');

function parseHandle(handle: string): { readonly taskId: string; readonly sourceArn: string } {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(handle, 'base64').toString('utf8')) as Input;
    if (typeof taskId === 'string' && typeof sourceArn === 'string') return { taskId, sourceArn };
  } catch {
    // Not one of ours.
  }
  throw invalidParameter('Value for parameter TaskHandle is invalid.');
}

function taskMembers(task: MoveTask) {
  return {
    // A task that has ended has no handle: there is nothing to cancel.
    TaskHandle: task.status === 'RUNNING' ? handleOf(task) : undefined,
    Status: task.status,
    SourceArn: task.sourceArn,
    DestinationArn: task.destinationArn,
    MaxNumberOfMessagesPerSecond: task.perSecondMax,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failureReason,
    StartedTimestamp: task.startedMs,
  };
}
