/**
 * The validation language: the shapes of the members of requests and answers, as types, constraints and bindings.
 * The Lambda table is generated in it; the tables of smaller services are written in it by hand.
 */

/** Bounds are inclusive; lengths are characters of strings, bytes of blobs, entries of lists and maps. */
interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Values of a sensitive shape are never echoed in an error. */
interface Secrecy {
  readonly sensitive?: true;
}

export interface StringShape extends Bounds, Secrecy {
  readonly type: 'string';
  /** As AWS's models write it; the whole value must match. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
  /** Lambda checks this enum after all other constraints, and answers InvalidParameterValueException. */
  readonly lateEnum?: true;
}

export interface NumberShape extends Bounds {
  /** integer: 32 bit; long: whole, within what a JavaScript number holds exactly. */
  readonly type: 'integer' | 'long' | 'double';
}

export interface BooleanShape {
  readonly type: 'boolean';
}

export interface TimestampShape {
  readonly type: 'timestamp';
}

export interface BlobShape extends Bounds, Secrecy {
  readonly type: 'blob';
}

/** How lists and maps are spelled by the Query protocol (`query/`), where they differ from `Name.member.1` and `Name.entry.1.key`. */
interface QuerySpelling {
  /** Without `member` or `entry` in between: `Name.1`. */
  readonly flattened?: true;
}

export interface ListShape extends Bounds, Secrecy, QuerySpelling {
  readonly type: 'list';
  readonly member: Shape;
}

export interface MapShape extends Bounds, Secrecy, QuerySpelling {
  readonly type: 'map';
  readonly key: StringShape;
  readonly value: Shape;
  /** What the Query protocol calls the two halves of an entry: `key` and `value`, unless the service has other names. */
  readonly entryNames?: readonly [key: string, value: string];
}

/** `event`: as the raw payload of an event in a stream. */
export type Place = 'body' | 'label' | 'query' | 'header' | 'payload' | 'status' | 'event';

export interface Member {
  readonly shape: Shape;
  readonly required?: true;
  /** Where the member travels; left out: in the JSON body. */
  readonly place?: Exclude<Place, 'body'>;
  /** The name of its query parameter or header; in the Query protocol, of its form parameter and element. */
  readonly name?: string;
}

export interface StructureShape extends Secrecy {
  readonly type: 'structure';
  readonly members: Readonly<Record<string, Member>>;
  /** An event stream: its members are the events that it may have, in any number and order. */
  readonly stream?: true;
}

export type Shape =
  | StringShape
  | NumberShape
  | BooleanShape
  | TimestampShape
  | BlobShape
  | ListShape
  | MapShape
  | StructureShape;

export interface Operation {
  readonly name: string;
  readonly method: string;
  /** `/2015-03-31/functions/{FunctionName}`, with a literal query where two operations share a path. */
  readonly uri: string;
  /** Of a success, unless a member is bound to the status. */
  readonly statusCode: number;
  readonly input: StructureShape;
  readonly output: StructureShape;
  /** The names of the errors that the model declares. */
  readonly errors: readonly string[];
}
