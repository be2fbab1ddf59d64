/**
 * What only the operator can mend: an option, a file, the rights of one. The message is printed as it is, without a stack, so it names what is wrong and
 * what to do. It is neither a bug of ours (an InvariantError) nor anything that a client is answered.
 */

/** As the command line ends: 1 it did not work, 2 it was asked in a wrong way. */
export type OperatorExitCode = 1 | 2;

export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly exitCode: OperatorExitCode;

  constructor(message: string, exitCode: OperatorExitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
