// A health probe: succeeds if the URL answers.
fetch(process.argv[2]).then(
  response => process.exit(response.ok ? 0 : 1),
  error => {
    console.error(error.cause?.code ?? error.message)
    process.exit(1)
  },
)
