/** How a Java process starts, and what to say where there is no Java. */
import type { Availability, Launch } from './catalogue.ts';
import type { Interpreter } from './host.ts';
import { startEnv } from './start-variables.ts';

/** Of the function's memory: the rest is for classes, code and stacks. AWS's Java runtimes share it out so. */
const heapShare = 0.85;
/** From here on AWS's runtimes compile quickly rather than well, which is what short invokes need. */
const quickCompilerFrom = 17;
/** From here on the class library is closed to reflection, and the channel's descriptor cannot be had without. */
const modulesFrom = 9;

/**
 * A Java process cannot change its working directory or its environment, so it is started as the function that it will be. Options that the
 * function sets (JAVA_TOOL_OPTIONS) come on top of these.
 */
export function javaLaunch(java: Interpreter, feature: number, memoryMb: number, classes: string): Launch {
  return {
    kind: 'channel',
    command: java.command,
    args: [
      `-XX:MaxHeapSize=${Math.floor(memoryMb * 1024 * heapShare)}k`,
      '-XX:+UseSerialGC',
      ...(feature >= quickCompilerFrom ? ['-XX:TieredStopAtLevel=1'] : []),
      '-Xshare:auto',
      '-Dfile.encoding=UTF-8',
      ...(feature >= modulesFrom ? ['--add-opens', 'java.base/java.io=ALL-UNNAMED'] : []),
      '-cp',
      classes,
      'lambkin.bootstrap.Bootstrap',
    ],
    bootstrap: classes,
    env: startEnv,
    flavor: `java${feature}`,
    bornAsFunction: true,
  };
}

export function howToGetJava(feature: number): Availability {
  const howToGet = `This host has no Java ${feature}: install a JDK ${feature} so that its java is on the PATH, in JAVA_HOME or in /usr/lib/jvm (a package of your system, such as openjdk-${feature}-jdk-headless, or Temurin or Corretto ${feature}).`;
  return { kind: 'missing', howToGet };
}
