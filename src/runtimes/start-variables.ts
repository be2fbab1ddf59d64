/** The environment that a process of a managed runtime is started with. */
/** What a managed runtime's process has from its very start; the rest comes with its function. */
export const startEnv: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/opt/bin',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
};
