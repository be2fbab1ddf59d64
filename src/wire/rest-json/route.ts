/**
 * Chooses the operation by method, path and literal query. The routes stand in a tree of path segments, made once:
 *
 *     "2015-03-31" ── "functions" ──┬─ GET → ListFunctions, POST → CreateFunction
 *                                   └─ {label} ──┬─ GET → GetFunction, DELETE → DeleteFunction
 *                                                └─ "invocations" ── POST → Invoke
 *
 * The path is split on `/` before anything is decoded, since ARNs arrive with encoded slashes. One trailing slash is
 * tolerated, as on AWS. No node has both literal and label children, so that a walk never turns back.
 */
import { assert } from '#lib/assert';
import type { Operation } from '../operations/shape.ts';

export interface Route {
  readonly operation: Operation;
  /** Names of the members that the labels bind, in the order of the path. */
  readonly labels: readonly string[];
  /** A literal query that the request must have. */
  readonly literal: readonly [name: string, value: string] | undefined;
}

export interface RouteMatch {
  readonly route: Route;
  /** Of the path, still percent-encoded, in the order of `route.labels`. */
  readonly rawLabels: readonly string[];
}

/** Paths of Invoke, of all operations the one that is asked most; its answers are whole. */
export const invokePaths = /^\/2015-03-31\/functions\/[^/]+\/invocations$/;

interface Node {
  readonly literals: Map<string, Node>;
  label: Node | undefined;
  /** Routes by method; those with a literal query first. */
  readonly routes: Map<string, Route[]>;
}

export class Router {
  readonly #root = newNode();

  constructor(operations: Iterable<Operation>) {
    for (const operation of operations) this.#add(operation);
    assertNoChoice(this.#root, '');
  }

  /** `rawPath` begins with a slash and has no query. */
  match(method: string, rawPath: string, rawQuery: string): RouteMatch | undefined {
    const rawLabels: string[] = [];
    const routes = this.#find(rawPath, rawLabels)?.routes.get(method);
    const route = routes?.find(({ literal }) => literal === undefined || hasPair(rawQuery, literal));
    return route === undefined ? undefined : { route, rawLabels };
  }

  #find(rawPath: string, rawLabels: string[]): Node | undefined {
    if (!rawPath.startsWith('/')) return undefined;
    const end = rawPath.length > 1 && rawPath.endsWith('/') ? rawPath.length - 1 : rawPath.length;
    let node: Node | undefined = this.#root;
    for (let start = 1; node !== undefined && start <= end;) {
      let next = rawPath.indexOf('/', start);
      if (next === -1 || next > end) next = end;
      const segment = rawPath.slice(start, next);
      if (node.label === undefined) node = node.literals.get(segment);
      else {
        rawLabels.push(segment);
        node = node.label;
      }
      start = next + 1;
    }
    return node;
  }

  #add(operation: Operation): void {
    const [path = '', query] = operation.uri.split('?');
    const labels: string[] = [];
    let node = this.#root;
    for (const segment of path.split('/').slice(1)) {
      if (segment.startsWith('{')) {
        labels.push(segment.slice(1, -1));
        node = node.label ??= newNode();
      } else {
        const child = node.literals.get(segment) ?? newNode();
        node.literals.set(segment, child);
        node = child;
      }
    }
    const routes = node.routes.get(operation.method) ?? [];
    node.routes.set(operation.method, routes);
    if (query === undefined) routes.push({ operation, labels, literal: undefined });
    else {
      const [name = '', value = ''] = query.split('=');
      routes.unshift({ operation, labels, literal: [name, value] });
    }
    assert(
      routes.filter(({ literal }) => literal === undefined).length <= 1,
      `two operations answer ${operation.uri}`,
    );
  }
}

function newNode(): Node {
  return { literals: new Map(), label: undefined, routes: new Map() };
}

function assertNoChoice(node: Node, path: string): void {
  assert(node.label === undefined || node.literals.size === 0, `literals and a label compete below ${path}`);
  for (const [segment, child] of node.literals) assertNoChoice(child, `${path}/${segment}`);
  if (node.label !== undefined) assertNoChoice(node.label, `${path}/{}`);
}

function hasPair(rawQuery: string, [name, value]: readonly [string, string]): boolean {
  return rawQuery.split('&').includes(`${name}=${value}`);
}
