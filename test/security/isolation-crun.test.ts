/** What a function in a container tries, with crun in the place of runc. */
process.env['LAMBKIN_TEST_OCI_RUNTIME'] = 'crun';
await import('./isolation.test.ts');
