/** What Lambkin takes before it has done anything: time to ready, memory idle, and memory per idle environment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, send } from '../load.ts';
import { createFunction, invokeRequest, residentMib, startService } from '../service.ts';
import { ms, type Row } from '../table.ts';

const idleEnvironments = 20;

export async function footprintRows(quick: boolean): Promise<readonly Row[]> {
  const ready: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < (quick ? 2 : 7); round += 1) {
    const service = await startService();
    ready.push(service.readyMs);
    await service.stop();
    const start = performance.now();
    await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
    bare.push(performance.now() - start);
  }
  const service = await startService();
  try {
    const { pid } = service;
    await sleep(3000);
    const idleMib = residentMib(pid);
    for (let index = 0; index < idleEnvironments; index += 1) {
      await createFunction(service, `idle-${index}`);
    }
    await sleep(3000);
    const beforeMib = residentMib(pid);
    for (let index = 0; index < idleEnvironments; index += 1) {
      await send(new Agent(), service, await invokeRequest(service, `idle-${index}`, '{}'));
    }
    await sleep(3000);
    const perEnvironmentMib = (residentMib(pid) - beforeMib) / idleEnvironments;
    return [
      {
        what: 'start-up to the first answer',
        lambkin: ms(median(ready)),
        floor: `${ms(median(bare))} node -e 0`,
        figure: `${(median(ready) / median(bare)).toFixed(1)} x`,
      },
      {
        what: 'resident memory of Lambkin, idle',
        lambkin: `${idleMib.toFixed(0)} MiB`,
        floor: '',
        figure: '',
      },
      {
        what: "memory per idle environment beyond its runtime's own",
        lambkin: `${perEnvironmentMib.toFixed(2)} MiB`,
        floor: '',
        figure: '',
      },
    ];
  } finally {
    await service.stop();
  }
}
