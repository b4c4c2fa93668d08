-- All who represent this group are probed by somebody.
-- include: overdue
for addr in string.gmatch(values[1 + level], '\n%a+ (%S+)') do
  if is_overdue(string.sub(record, 1, 48) .. addr) then -- {HASH}:peer: and the address
    return { 0 }
  end
end
