/** Where an image stands, as its device knows: reads never wait for news, unless something is missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#platform';
import { rootsFreshMs } from '../limits.ts';
import { RemotePlace } from './remote-place.ts';

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('it asks now and then, and moves on when it hears', async () => {
  const clock = new FakeClock();
  const asked: boolean[] = [];
  let answer: number | undefined = 2;
  const place = new RemotePlace(1, clock, async (again) => {
    asked.push(again);
    return answer;
  });
  assert.equal(await place.root(), 1);
  clock.advance(rootsFreshMs);
  assert.equal(await place.root(), 1, 'the read does not wait');
  await settled();
  assert.equal(await place.root(), 2);
  assert.deepEqual(asked, [false]);
  answer = undefined;
  assert.equal(await place.follow(), 2, 'no news is no change');
  answer = 3;
  assert.equal(await place.follow(), 3);
  assert.deepEqual(asked, [false, true, true]);
});
