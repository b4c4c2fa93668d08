-- shut makes a transfer inactive: from here on no announce finds it active, nor does it register
-- itself. Its keys are archived by `archive`, and kept for so many seconds. how: what `closed` says
-- besides the time; how_long: what `deregistered` does.
local function shut(kept, how, how_long)
  -- Two archives of one transfer must not meet, even within a second.
  local moment = now
  while call('EXISTS', rfc3339(moment) .. ':' .. key('registered')) == 1 and moment < now + 60 do
    moment = moment + 1
  end
  local stamp = rfc3339(moment)
  call('SET', key('deregistered'), stamp .. how_long)
  call('SET', key('closed'), stamp .. how, 'KEEPTTL') -- expires from the end of the archive on
  for _, name in ipairs({ key('registered'), key('summary') }) do
    if call('EXISTS', name) == 1 then
      call('RENAME', name, stamp .. ':' .. name)
      call('EXPIRE', stamp .. ':' .. name, kept)
    end
  end
end
