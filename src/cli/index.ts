/** The public face of the command line: `main` runs one command. What the user can mend is told without a stack trace. */
import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { Failure } from './failure.ts';
import { program } from './program.ts';
import { endQuietlyOnClosedPipe } from './terminal.ts';

/** Sets the process's exit code: 0 done, 1 it did not work, 2 asked in a wrong way. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyOnClosedPipe();
  const lambkin = program();
  throwInsteadOfExit(lambkin);
  try {
    await lambkin.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2; // it has said what was wrong
    } else if (error instanceof Failure) {
      process.stderr.write(`lambkin: ${error.message}\n`);
      process.exitCode = error.exitCode;
    } else {
      throw error;
    }
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) throwInsteadOfExit(inner);
}
