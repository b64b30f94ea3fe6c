/** How `mosaic dev` is used. */
export const DEV_USAGE = `  mosaic dev [--port 8545] [--host 127.0.0.1] [--accounts 10] [--balance 10000] [--mnemonic WORDS] [--chain-id 31337]
      [--block-time SECONDS | --no-mining] [--gas-limit 30000000] [--base-fee WEI] [--timestamp SECONDS] [--compat anvil|hardhat|none]
      [--state FILE | --load-state FILE --dump-state FILE] [--state-interval SECONDS] [--config-out FILE] [--auto-impersonate] [--silent]
      a chain for tests, in the place of anvil, hardhat node or ganache
`

/** How `mosaic validator` is used. */
export const VALIDATOR_USAGE = `  mosaic validator deposit --origin URL --core ADDRESS --key FILE --stake TOKENS [--validator-key FILE] [--withdrawal ADDRESS]
      stakes; --key pays, --validator-key (by default the same) will vote, --withdrawal (by default the payer) gets the stake back

  mosaic validator logout --origin URL --core ADDRESS --key FILE [--validator ADDRESS]
      asks to leave; --key is the validator's or its withdrawal account's

  mosaic validator withdraw --origin URL --core ADDRESS --key FILE [--validator ADDRESS]
      pays the stake out after the delay; anyone may call it

  mosaic validator reweigh --origin URL --core ADDRESS --key FILE [--validator ADDRESS]
      has the next kernel follow the validator's reputation; by anyone

  mosaic validator status --origin URL --core ADDRESS --validator ADDRESS
      what the core keeps of a validator, as JSON
`
