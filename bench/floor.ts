/** The floor for warm invokes: a bare node:http server that reads the request and answers the same payload. Prints its port. */
import { serveBare } from './serve-bare.ts';

serveBare((_path, body, done) => done(body));
