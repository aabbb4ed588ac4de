export const greet = name => console.log(`greetings from the ${name}`)
