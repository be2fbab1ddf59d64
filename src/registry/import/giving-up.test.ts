/** Imports that end early: whoever wanted them left, the service stops, or time is over. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FakeClock } from '#platform';
import { problem } from '../fixtures/image-problems.ts';
import { imageSite } from '../fixtures/image-site.ts';
import { otherRegistry } from '../fixtures/other-registry.ts';
import { someImage } from '../fixtures/some-image.ts';

suite('giving up', () => {
  test('whoever aborts hears of it at once; who still waits gets the image', async () => {
    await using other = await otherRegistry();
    await using site = imageSite();
    const image = await someImage();
    other.add('app', 'v1', image);
    const resolved = await site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const [layer = ''] = image.layers;
    other.interfere = (_request, response, url) => {
      if (!url.pathname.endsWith(layer)) return false;
      arrived.resolve();
      void gate.promise.then(() => response.end(image.blobs.get(layer)));
      return true;
    };
    const abort = new AbortController();
    const first = site.source.store(resolved, 'first', abort.signal);
    const second = site.source.store(resolved, 'second');
    await arrived.promise;
    abort.abort(new Error('no more'));
    await assert.rejects(first, { message: 'no more' });
    gate.resolve();
    const { imageId } = await second;
    assert.deepEqual(await site.references(imageId), ['second']);
  });

  test('an import that nobody waits for ends, and closing ends all', async () => {
    await using other = await otherRegistry();
    await using site = imageSite({ importsMax: 1 });
    const image = await someImage();
    const another = await someImage({ layers: [{ x: 'x' }] });
    other.add('app', 'v1', image);
    other.add('app', 'v2', another);
    const resolved = await site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    const waiting = await site.source.resolve(`${other.host}/app:v2`, 'x86_64');
    const arrived = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    other.interfere = (_request, response, url) => {
      if (!image.layers.some((layer) => url.pathname.endsWith(layer))) return false;
      response.on('close', () => left.resolve());
      arrived.resolve();
      return true;
    };
    const abort = new AbortController();
    const alone = site.source.store(resolved, 'f', abort.signal);
    await arrived.promise;
    abort.abort(new Error('no more'));
    await assert.rejects(alone, { message: 'no more' });
    await left.promise;
    const last = site.source.store(resolved, 'f');
    const queued = site.source.store(waiting, 'g');
    last.catch(() => {});
    queued.catch(() => {});
    await site.source.close();
    await assert.rejects(last, problem('InternalError', /./));
    await assert.rejects(queued, problem('InternalError', /./));
    await assert.rejects(site.source.store(resolved, 'f'), problem('InternalError', /stopping/));
    assert.deepEqual((await site.documents.list('images/manifests/')).documents, []);
  });

  test('closing ends what is being resolved', async () => {
    await using other = await otherRegistry();
    await using site = imageSite();
    const arrived = Promise.withResolvers<void>();
    other.interfere = () => {
      arrived.resolve();
      return true;
    };
    const asked = site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    asked.catch(() => {});
    await arrived.promise;
    await site.source.close();
    await assert.rejects(asked, problem('InternalError', /the service is stopping/));
  });

  test('time passes by the clock that was given', async () => {
    await using other = await otherRegistry();
    const clock = new FakeClock();
    await using site = imageSite({ clock });
    other.interfere = () => true;
    const asked = site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    asked.catch(() => {});
    const passing = setInterval(() => clock.advance(10_000), 5);
    await assert.rejects(asked, problem('InternalError', /no answer within 30000 ms/));
    clearInterval(passing);
  });
});
