// A page that shows what it heard from the others.
const { createServer } = require('node:http')

const page = greeting => `<!doctype html>
<meta charset="utf-8">
<title>tscompose</title>
<style>body { font: 1.2rem system-ui; margin: 15vh auto; max-width: 36rem }</style>
<h1>It works</h1>
<p>The greeter said: <q>${greeting}</q></p>
`

createServer(async (request, response) => {
  if (request.url !== '/') return response.writeHead(404).end()
  const greeting = await (await fetch('http://greeter:3000/')).text()
  response.setHeader('content-type', 'text/html')
  response.end(page(greeting))
}).listen(3000, () => console.log('web: ready'))
