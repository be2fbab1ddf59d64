/**
 * Node's HTTP and HTTPS, taken without an import. Importing `node:http` reads all that it exports, and so loads Node's second HTTP client (that of
 * `fetch`): a tenth of a start and some megabytes, for what Lambkin never uses. Whoever takes it touches the world as by an import; services have
 * it of `#platform`, commands from here, as they load nothing of the platform.
 */

export const nodeHttp = () => process.getBuiltinModule('node:http');
export const nodeHttps = () => process.getBuiltinModule('node:https');
