/** Names of repositories and tags, as the distribution specification has them, within ECR's lengths. */
import { registryLimits } from '../limits.ts';

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repository = new RegExp(`^${component}(?:/${component})*$`);
const tag = /^\w[\w.-]{0,127}$/;

export function isRepositoryName(text: string): boolean {
  return text.length <= registryLimits.nameCharactersMax && repository.test(text);
}

export function isTag(text: string): boolean {
  return tag.test(text);
}
