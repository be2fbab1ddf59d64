/** How the tables that are written by hand say what they are made of. */
import type { ListShape, Member, Shape, StructureShape } from './shape.ts';

export type Members = Readonly<Record<string, Member | Shape>>;

/** A structure; members named in `required` must be there. */
export function structure(members: Members, required: readonly string[] = []): StructureShape {
  return {
    type: 'structure',
    members: Object.fromEntries(
      Object.entries(members).map(([name, given]) => {
        const member: Member = 'shape' in given ? given : { shape: given };
        return [name, required.includes(name) ? { ...member, required: true } : member];
      }),
    ),
  };
}

/** The same, of what must be there and what may be. */
export function structureOf(required: Members, optional: Members = {}): StructureShape {
  return structure({ ...required, ...optional }, Object.keys(required));
}

export function listOf(
  member: Shape,
  bounds: { readonly min?: number; readonly max?: number } = {},
): ListShape {
  return { type: 'list', member, ...bounds };
}
