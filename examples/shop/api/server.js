// GET /products lists, POST /products {"name": "..."} adds one; every visit is counted in Redis.
const { createServer } = require('node:http')
const { json } = require('node:stream/consumers')
const { connectPostgres } = require('./postgres.js')
const { connectRedis } = require('./redis.js')

async function main() {
  const database = await connectPostgres(new URL(process.env.DATABASE_URL))
  const cache = await connectRedis(new URL(process.env.REDIS_URL))

  const routes = {
    'GET /health': async () => ({ database: await database.query('SELECT 1'), cache: await cache.command('PING') }),
    'GET /products': async () => ({
      visits: Number(await cache.command('INCR', 'visits')),
      products: await database.query('SELECT id, name FROM products ORDER BY id'),
    }),
    'POST /products': async request => {
      const { name } = await json(request)
      return database.query(`INSERT INTO products (name) VALUES (${quote(name)}) RETURNING id, name`)
    },
  }

  createServer(async (request, response) => {
    const route = routes[`${request.method} ${request.url}`]
    response.setHeader('content-type', 'application/json')
    if (!route) return response.writeHead(404).end('{"error":"no such page"}\n')
    try {
      response.end(`${JSON.stringify(await route(request))}\n`)
    } catch (error) {
      response.writeHead(500).end(`${JSON.stringify({ error: error.message })}\n`)
    }
  }).listen(3000, () => console.log('api: ready'))
}

const quote = text => `'${String(text).replaceAll("'", "''")}'`

main().catch(error => {
  console.error(error)
  process.exit(1)
})
