/** What the user can mend: told in a sentence, without a stack trace. */

/** 1: it did not work. 2: it was asked in a wrong way. */
export type ExitCode = 0 | 1 | 2;

export class Failure extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}
