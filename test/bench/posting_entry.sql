\set i random(1, 20000)
\set id random(1, 9000000000000)
INSERT INTO finished (entry_id, occurred_at, source, request_id, tenant_id, user_id, provider, model, encoding, service_tier,
  counted_input_tokens, counted_output_tokens, input_tokens, output_tokens, method, cost, currency, priced, priced_at, price_ids)
SELECT :id, (entry).occurred_at, (entry).source, (entry).request_id, (entry).tenant_id, (entry).user_id, (entry).provider, (entry).model,
  (entry).encoding, (entry).service_tier, (entry).counted_input_tokens, (entry).counted_output_tokens, (entry).input_tokens,
  (entry).output_tokens, (entry).method, (entry).cost, (entry).currency, true, now(), (entry).price_ids
FROM entry WHERE i = :i;
