// Loaded before a node whose files may not grow beyond a limit: without a listener, the signal that tells of it would end the process
// before it sees that writing failed.
process.on('SIGXFSZ', () => {})
