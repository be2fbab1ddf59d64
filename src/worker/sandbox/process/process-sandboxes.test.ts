/** The process sandbox keeps the contract. */
import { sandboxContract } from '../contract/sandbox-contract.ts';

await sandboxContract('process');
