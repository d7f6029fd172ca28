// Prints what a client answered, in one line; of an error, its code.
export async function show(name, answer) {
  try {
    console.log(`${name}: ${JSON.stringify(await answer, (key, value) => typeof value === 'bigint' ? Number(value) : value)}`);
  } catch (error) {
    console.log(`${name}: error ${error.code ?? error.cause?.code}`);
  }
}
