// Tells the time, once it has got its breath.
const { createServer } = require('node:http')

const server = createServer((_request, response) => response.end(new Date().toISOString()))
setTimeout(() => server.listen(3000, () => console.log('clock: ready')), 500)
