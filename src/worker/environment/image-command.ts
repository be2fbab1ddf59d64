/** What of a container image is started, and where: as the image says, unless ImageConfig says otherwise; each of the three by itself. */
import type { Configuration, FunctionImage } from '#metadata';

export interface ImageCommand {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
}

export function imageCommand(
  { defaults }: Pick<FunctionImage, 'defaults'>,
  kept: Configuration['kept'],
): ImageCommand {
  const config = kept['ImageConfig'];
  const said = typeof config === 'object' && config !== null && !Array.isArray(config) ? config : {};
  const { EntryPoint, Command, WorkingDirectory } = said as {
    readonly EntryPoint?: readonly string[];
    readonly Command?: readonly string[];
    readonly WorkingDirectory?: string;
  };
  return {
    entryPoint: EntryPoint ?? defaults.entryPoint,
    command: Command ?? defaults.command,
    // An image that names none means its root.
    workingDirectory: WorkingDirectory ?? (defaults.workingDirectory || '/'),
  };
}

/** The line of the function's log that says why its image does not start. */
export function launchErrorLine(message: string, image: ImageCommand): string {
  const { entryPoint, command, workingDirectory } = image;
  return `IMAGE\tLaunch error: ${message}\tEntrypoint: [${entryPoint.join(' ')}]\tCmd: [${command.join(' ')}]\tWorkingDir: [${workingDirectory}]\n`;
}
