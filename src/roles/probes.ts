/** What components find out about this host, for those who only want to know. */
export { imageMountsProblem } from '#images';
export { probeContainers, probeMounting } from '#worker';
