/** What parsing a filter pattern gives, and the refusals that its kinds have in common. */

export type Matches = (message: string) => boolean;

export type Parsed =
  | { readonly kind: 'pattern'; readonly matches: Matches }
  | { readonly kind: 'refused'; readonly message: string };

export function invalidCharacters(characters: string): Parsed {
  return { kind: 'refused', message: `Invalid character(s) in term '${characters}'` };
}

export const regexRefused: Parsed = {
  kind: 'refused',
  message: 'Invalid filter pattern: Lambkin does not support regular expressions (%...%) yet',
};
