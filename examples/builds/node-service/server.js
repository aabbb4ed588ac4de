import { createServer } from 'node:http'
import ms from 'ms'

const server = createServer((_, response) => response.end(`two days are ${ms('2 days')} milliseconds\n`))
server.listen(process.env.PORT)
process.on('SIGTERM', () => server.close())
