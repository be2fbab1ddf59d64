/** The contract is kept with another OCI runtime too: nothing of it is runc's own. */
import { sandboxContract } from '../contract/sandbox-contract.ts';

await sandboxContract('container', { runtime: 'crun' });
