const { main } = await import('../dist/one.mjs');
process.exitCode = await main(process.argv.slice(2));
