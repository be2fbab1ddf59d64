/**
 * Node's HTTP and HTTPS, taken without an import. Importing `node:http` reads all that it exports, and so loads Node's second HTTP client (that of
 * `fetch`): a tenth of a start and some megabytes, for what the service never uses. Whoever takes it touches the world as by an import.
 */
import type * as Http from 'node:http';
import type * as Https from 'node:https';

export const nodeHttp = (): typeof Http => process.getBuiltinModule('node:http');
export const nodeHttps = (): typeof Https => process.getBuiltinModule('node:https');
