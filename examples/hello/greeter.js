// Greets, with the time it asks of `clock`. Compose starts it when the clock is healthy, so it may ask at once.
const { createServer } = require('node:http')

createServer(async (_request, response) => {
  const time = await (await fetch('http://clock:3000/')).text()
  response.end(`Hello! My clock says ${time}.`)
}).listen(3000, () => console.log('greeter: ready'))
