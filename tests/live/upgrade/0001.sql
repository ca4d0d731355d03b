BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE bots (
	id VARCHAR(32) NOT NULL, 
	workspace_id VARCHAR(32) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	model_id VARCHAR(80) NOT NULL, 
	instructions TEXT NOT NULL, 
	welcome VARCHAR(500) NOT NULL, 
	starters JSON NOT NULL, 
	allowed_origins JSON NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_bots PRIMARY KEY (id), 
	CONSTRAINT fk_bots_workspace_id_workspaces FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);
INSERT INTO "bots" VALUES('bot_0Vbww8yqyZuXwjjFtqC3','wsp_0Vbww8yJprw07bFcuYfc','Support','anthropic:claude-haiku-4-5','Answer about orders.','Hello! Ask me about your order.','["Where is my order?"]','["https://www.example.com"]',1,'2026-11-25 02:51:42.924334');
INSERT INTO "bots" VALUES('bot_0Vbww8yvltgyj7mBZc8W','wsp_0Vbww8yJprw07bFcuYfc','Sales','openai:gpt-5-mini','','','[]','[]',1,'2026-11-25 02:51:42.930026');
INSERT INTO "bots" VALUES('bot_0Vbww8yyRKPb9RmSIkve','wsp_0Vbww8yMWLn1iGMk9Yal','Clerk','anthropic:claude-haiku-4-5','','','[]','[]',1,'2026-11-25 02:51:42.932220');
INSERT INTO "bots" VALUES('bot_0Vbww8yzWXPL2mSoOfNk','wsp_0Vbww8yMWLn1iGMk9Yal','Helper','mevichat:mini','','','[]','[]',1,'2026-11-25 02:51:42.933073');
CREATE TABLE conversations (
	id VARCHAR(32) NOT NULL, 
	bot_id VARCHAR(32) NOT NULL, 
	workspace_id VARCHAR(32) NOT NULL, 
	token_digest VARCHAR(64) NOT NULL, 
	origin VARCHAR(200) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	last_message_at DATETIME, 
	CONSTRAINT pk_conversations PRIMARY KEY (id), 
	CONSTRAINT fk_conversations_bot_id_bots FOREIGN KEY(bot_id) REFERENCES bots (id) ON DELETE CASCADE, 
	CONSTRAINT fk_conversations_workspace_id_workspaces FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE, 
	CONSTRAINT uq_conversations_token_digest UNIQUE (token_digest)
);
INSERT INTO "conversations" VALUES('cnv_0Vbww8z8qSIoeAmuJUP1','bot_0Vbww8yqyZuXwjjFtqC3','wsp_0Vbww8yJprw07bFcuYfc','8dd7ef3c86b5217fbe697cde879293fe7f66c63fa7a93e3039d5195b6a1c9f08','','2026-11-25 02:51:42.942746','2026-12-02 02:51:42.937208','2026-11-25 02:51:43.023805');
INSERT INTO "conversations" VALUES('cnv_0Vbww90jtk3FOrrqOdVN','bot_0Vbww8yvltgyj7mBZc8W','wsp_0Vbww8yJprw07bFcuYfc','43bfb0dfb21f438df2888bca684f217c05dc172fc6d9e1f4fe77df7b07cd8521','','2026-11-25 02:51:43.041682','2026-12-02 02:51:43.041073','2026-11-25 02:51:43.067757');
INSERT INTO "conversations" VALUES('cnv_0Vbww91dliFGpoPs1ZsC','bot_0Vbww8yzWXPL2mSoOfNk','wsp_0Vbww8yMWLn1iGMk9Yal','9e3808f538d238813ca85f1bd90bfac21572c43aa165258ea798ed5d1c4c26f6','','2026-11-25 02:51:43.097870','2026-12-02 02:51:43.096759','2026-11-25 02:51:43.100422');
CREATE TABLE memberships (
	id VARCHAR(32) NOT NULL, 
	workspace_id VARCHAR(32) NOT NULL, 
	person_id VARCHAR(32) NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_memberships PRIMARY KEY (id), 
	CONSTRAINT fk_memberships_person_id_people FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE, 
	CONSTRAINT fk_memberships_workspace_id_workspaces FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE, 
	CONSTRAINT uq_memberships_workspace_id UNIQUE (workspace_id, person_id)
);
INSERT INTO "memberships" VALUES('mbr_0Vbww8rvWzFmIHUkoVZd','wsp_0Vbww8rukODAYxbKzpvb','psn_0Vbww8ro1fq4oajQMYia','owner','2026-11-25 02:51:42.495975');
INSERT INTO "memberships" VALUES('mbr_0Vbww8yIR18uU8jQZWgS','wsp_0Vbww8yHAiC3v1njPbq8','psn_0Vbww8yG3cpYUmmgwS1M','owner','2026-11-25 02:51:42.890158');
INSERT INTO "memberships" VALUES('mbr_0Vbww8yJZPrFGtOoOhOL','wsp_0Vbww8yJprw07bFcuYfc','psn_0Vbww8ro1fq4oajQMYia','owner','2026-11-25 02:51:42.891743');
INSERT INTO "memberships" VALUES('mbr_0Vbww8yMDsxipRZkpH5o','wsp_0Vbww8yMWLn1iGMk9Yal','psn_0Vbww8yG3cpYUmmgwS1M','owner','2026-11-25 02:51:42.894896');
INSERT INTO "memberships" VALUES('mbr_0Vbww8ySN0bARPNfDPmd','wsp_0Vbww8yJprw07bFcuYfc','psn_0Vbww8yG3cpYUmmgwS1M','billing_manager','2026-11-25 02:51:42.900727');
CREATE TABLE messages (
	id VARCHAR(32) NOT NULL, 
	conversation_id VARCHAR(32) NOT NULL, 
	bot_id VARCHAR(32) NOT NULL, 
	workspace_id VARCHAR(32) NOT NULL, 
	role VARCHAR(10) NOT NULL, 
	reply_to VARCHAR(32), 
	client_message_id VARCHAR(64), 
	text TEXT NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	created_at DATETIME NOT NULL, 
	attempt INTEGER NOT NULL, 
	alive_at DATETIME, 
	finished_at DATETIME, 
	quota_period VARCHAR(7) NOT NULL, 
	model_id VARCHAR(80) NOT NULL, 
	provider VARCHAR(30) NOT NULL, 
	key_id VARCHAR(32), 
	key_version INTEGER, 
	tokens_in INTEGER, 
	tokens_out INTEGER, 
	first_token_ms INTEGER, 
	latency_ms INTEGER, 
	failure VARCHAR(40) NOT NULL, 
	provider_words VARCHAR(400) NOT NULL, 
	CONSTRAINT pk_messages PRIMARY KEY (id), 
	CONSTRAINT fk_messages_bot_id_bots FOREIGN KEY(bot_id) REFERENCES bots (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_workspace_id_workspaces FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE, 
	CONSTRAINT uq_messages_conversation_id UNIQUE (conversation_id, client_message_id)
);
INSERT INTO "messages" VALUES('msg_0Vbww8zQpTsuMfftTCWg','cnv_0Vbww8z8qSIoeAmuJUP1','bot_0Vbww8yqyZuXwjjFtqC3','wsp_0Vbww8yJprw07bFcuYfc','visitor',NULL,NULL,'Where is my order?','complete','2026-11-25 02:51:42.960824',1,NULL,NULL,'','','',NULL,NULL,NULL,NULL,NULL,NULL,'','');
INSERT INTO "messages" VALUES('msg_0Vbww8zRpxgT9U14QQzQ','cnv_0Vbww8z8qSIoeAmuJUP1','bot_0Vbww8yqyZuXwjjFtqC3','wsp_0Vbww8yJprw07bFcuYfc','answer','msg_0Vbww8zQpTsuMfftTCWg',NULL,'You said: Where is my order?','complete','2026-11-25 02:51:42.960825',1,'2026-11-25 02:51:42.969771','2026-11-25 02:51:42.992341','2026-11','anthropic:claude-haiku-4-5','anthropic','key_0Vbww8ybkKDVLyvf84wg',2,7,6,6,7,'','');
INSERT INTO "messages" VALUES('msg_0Vbww9017Gllz1vQ8tXT','cnv_0Vbww8z8qSIoeAmuJUP1','bot_0Vbww8yqyZuXwjjFtqC3','wsp_0Vbww8yJprw07bFcuYfc','visitor',NULL,NULL,'Please tell me everything you know about it','complete','2026-11-25 02:51:42.997147',1,NULL,NULL,'','','',NULL,NULL,NULL,NULL,NULL,NULL,'','');
INSERT INTO "messages" VALUES('msg_0Vbww901jmYGcFuSr5qk','cnv_0Vbww8z8qSIoeAmuJUP1','bot_0Vbww8yqyZuXwjjFtqC3','wsp_0Vbww8yJprw07bFcuYfc','answer','msg_0Vbww9017Gllz1vQ8tXT',NULL,'You said: Please','interrupted','2026-11-25 02:51:42.997148',1,'2026-11-25 02:51:42.998931','2026-11-25 02:51:43.014379','','anthropic:claude-haiku-4-5','anthropic','key_0Vbww8ybkKDVLyvf84wg',2,21,1,2,3,'truncated','The connection broke off in the middle of the answer.');
INSERT INTO "messages" VALUES('msg_0Vbww90Rb6zHf8uSx0Rw','cnv_0Vbww8z8qSIoeAmuJUP1','bot_0Vbww8yqyZuXwjjFtqC3','wsp_0Vbww8yJprw07bFcuYfc','visitor',NULL,NULL,'And the invoice – where’s that? 🧾','complete','2026-11-25 02:51:43.023805',1,NULL,NULL,'','','',NULL,NULL,NULL,NULL,NULL,NULL,'','');
INSERT INTO "messages" VALUES('msg_0Vbww90RMzL7xBwho3NN','cnv_0Vbww8z8qSIoeAmuJUP1','bot_0Vbww8yqyZuXwjjFtqC3','wsp_0Vbww8yJprw07bFcuYfc','answer','msg_0Vbww90Rb6zHf8uSx0Rw',NULL,'','failed','2026-11-25 02:51:43.023806',1,'2026-11-25 02:51:43.024607','2026-11-25 02:51:43.037413','','anthropic:claude-haiku-4-5','anthropic','key_0Vbww8ybkKDVLyvf84wg',2,NULL,NULL,NULL,2,'unavailable','Internal server error');
INSERT INTO "messages" VALUES('msg_0Vbww90o4ahEsv3bba1X','cnv_0Vbww90jtk3FOrrqOdVN','bot_0Vbww8yvltgyj7mBZc8W','wsp_0Vbww8yJprw07bFcuYfc','visitor',NULL,NULL,'What does it cost?','complete','2026-11-25 02:51:43.046663',1,NULL,NULL,'','','',NULL,NULL,NULL,NULL,NULL,NULL,'','');
INSERT INTO "messages" VALUES('msg_0Vbww90otovYh50w9Mgu','cnv_0Vbww90jtk3FOrrqOdVN','bot_0Vbww8yvltgyj7mBZc8W','wsp_0Vbww8yJprw07bFcuYfc','answer','msg_0Vbww90o4ahEsv3bba1X',NULL,'You said: What does it cost?','complete','2026-11-25 02:51:43.046664',1,'2026-11-25 02:51:43.047402','2026-11-25 02:51:43.064524','2026-11','openai:gpt-5-mini','openai','key_0Vbww8ymNnOEK2XMTvvu',1,16,6,1,1,'','');
INSERT INTO "messages" VALUES('msg_0Vbww919wlY7kkM0P50s','cnv_0Vbww90jtk3FOrrqOdVN','bot_0Vbww8yvltgyj7mBZc8W','wsp_0Vbww8yJprw07bFcuYfc','visitor',NULL,NULL,'And for a hundred?','complete','2026-11-25 02:51:43.067757',1,NULL,NULL,'','','',NULL,NULL,NULL,NULL,NULL,NULL,'','');
INSERT INTO "messages" VALUES('msg_0Vbww919ZDhRgrilQGt7','cnv_0Vbww90jtk3FOrrqOdVN','bot_0Vbww8yvltgyj7mBZc8W','wsp_0Vbww8yJprw07bFcuYfc','answer','msg_0Vbww919wlY7kkM0P50s',NULL,'','failed','2026-11-25 02:51:43.067758',1,'2026-11-25 02:51:43.068468','2026-11-25 02:51:43.085617','','openai:gpt-5-mini','openai','key_0Vbww8ymNnOEK2XMTvvu',1,NULL,NULL,NULL,1,'rejected','Incorrect API key provided: [key]. You can find your API key at https://platform.openai.com/account/api-keys.');
INSERT INTO "messages" VALUES('msg_0Vbww91gEYHXzbJsETar','cnv_0Vbww91dliFGpoPs1ZsC','bot_0Vbww8yzWXPL2mSoOfNk','wsp_0Vbww8yMWLn1iGMk9Yal','visitor',NULL,NULL,'Are you open?','complete','2026-11-25 02:51:43.100422',1,NULL,NULL,'','','',NULL,NULL,NULL,NULL,NULL,NULL,'','');
INSERT INTO "messages" VALUES('msg_0Vbww91gO17zMvdL2jfX','cnv_0Vbww91dliFGpoPs1ZsC','bot_0Vbww8yzWXPL2mSoOfNk','wsp_0Vbww8yMWLn1iGMk9Yal','answer','msg_0Vbww91gEYHXzbJsETar',NULL,'You said: Are you open?','complete','2026-11-25 02:51:43.100423',1,'2026-11-25 02:51:43.108330','2026-11-25 02:51:43.118210','2026-11','mevichat:mini','mevichat',NULL,NULL,15,5,2,2,'','');
CREATE TABLE people (
	id VARCHAR(32) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	password_hash VARCHAR(200) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_people PRIMARY KEY (id), 
	CONSTRAINT uq_people_email UNIQUE (email)
);
INSERT INTO "people" VALUES('psn_0Vbww8ro1fq4oajQMYia','olga@example.com','Olga','$argon2id$v=19$m=65536,t=3,p=4$axWc7yHwN/Z0IkVJRm5+7w$SJFo9Ae8oi+5gvlzV8InTVhhaMUM0goMlfh+S7OG4lk','2026-11-25 02:51:42.488439');
INSERT INTO "people" VALUES('psn_0Vbww8yG3cpYUmmgwS1M','ben@example.com','Ben','$argon2id$v=19$m=65536,t=3,p=4$+TKtww3nBC7DgBcCqoP6IA$BSCTsTDlq5O6ff9LsdcqUg/v3s9wcAgQp6AwvZMLw9Q','2026-11-25 02:51:42.888878');
CREATE TABLE provider_keys (
	id VARCHAR(32) NOT NULL, 
	workspace_id VARCHAR(32) NOT NULL, 
	provider VARCHAR(30) NOT NULL, 
	version INTEGER NOT NULL, 
	sealed TEXT NOT NULL, 
	mask VARCHAR(60) NOT NULL, 
	fingerprint VARCHAR(32) NOT NULL, 
	saved_by_check VARCHAR(32) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	reason VARCHAR(30) NOT NULL, 
	provider_words VARCHAR(400) NOT NULL, 
	note VARCHAR(200) NOT NULL, 
	status_since DATETIME NOT NULL, 
	added_by VARCHAR(100) NOT NULL, 
	added_at DATETIME NOT NULL, 
	replaced_by VARCHAR(100) NOT NULL, 
	replaced_at DATETIME, 
	checked_at DATETIME, 
	checked_by VARCHAR(20) NOT NULL, 
	last_used_at DATETIME, 
	CONSTRAINT pk_provider_keys PRIMARY KEY (id), 
	CONSTRAINT fk_provider_keys_workspace_id_workspaces FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE, 
	CONSTRAINT uq_provider_keys_workspace_id UNIQUE (workspace_id, provider)
);
INSERT INTO "provider_keys" VALUES('key_0Vbww8ybkKDVLyvf84wg','wsp_0Vbww8yJprw07bFcuYfc','anthropic',2,'gAAAAABrBk0-F0y0F54uzezQNibNzgt_8vY8PN8D-1cYwkymIqglmUQMJnb5s1Ok8txj1nm3OoZ8D9NV72Tu-1BzSmpm3eeME-whxJL4teCcTiVvQmfdarNHNOuh28eCbVPny7e3G-AqXQkB8E75LsI3rJHZpIfkrWKV7ul6PqEbr3riE8OzJpdCmqtHUx5tFFgs0bOYHakd','sk-ant-api03-••••••••7xA2','e17223800856ada55c0d2ee03cdc16c2','chk_000000000000000000000002',1,'valid','','','','2026-11-25 02:51:42.914239','Olga','2026-11-25 02:51:42.909506','Ben','2026-11-25 02:51:42.914234','2026-11-25 02:51:42.913520','save','2026-11-25 02:51:43.039430');
INSERT INTO "provider_keys" VALUES('key_0Vbww8ymNnOEK2XMTvvu','wsp_0Vbww8yJprw07bFcuYfc','openai',1,'gAAAAABrBk0-mJBdpFAN9ikwqdAOJzA14ucoMr5Axvuheg3PYvhj4lZsDFxgsx3DEopTiCWRoO_9TIDwIs1swYw-rWD6qDFpU72vwK8Q2Db73Lli9otfuP-OqErTkJiBxZRW2I-PTCn6FDv2yTeD774RhypwUSGUxnQ5Ijzizb-WeTJnywBAO8IMrYg4NRf9EvnLuM45RSoo','sk-proj-••••••••Qm31','0c8b0fc5aceee82b0c3561a5a873bfc1','chk_000000000000000000000003',1,'invalid','rejected','Incorrect API key provided: [key]. You can find your API key at https://platform.openai.com/account/api-keys.','','2026-11-25 02:51:43.087238','Olga','2026-11-25 02:51:42.920649','',NULL,'2026-11-25 02:51:43.087452','live','2026-11-25 02:51:43.086859');
INSERT INTO "provider_keys" VALUES('key_0Vbww8yoXPBGLqYmFDRX','wsp_0Vbww8yMWLn1iGMk9Yal','anthropic',1,'gAAAAABrBk0-V79z4ouln7lCL686OzDjTXbiUaVWZa0jnFOm9XJ2TTMZS05aISfhhIyR4ipDLmcsCzVkbIl1Bmyqtingu7XVq1pjYjGrUODEfFRg9bPPsiOf6p2qz7fu5l8cEJ6KrwJifS2G9TZm3VdnVBsT2_fzqwDEGU3WSjVmNkupYSe7cLCKJCi0W6Gc0v9ZGgglLSYT','sk-ant-api03-••••••••sH0p','db7beb2fde46ea92d28539f457c9f1f1','chk_000000000000000000000004',1,'valid','','','','2026-11-25 02:51:42.922478','Ben','2026-11-25 02:51:42.922479','',NULL,'2026-11-25 02:51:42.921846','save',NULL);
CREATE TABLE quota_periods (
	workspace_id VARCHAR(32) NOT NULL, 
	period VARCHAR(7) NOT NULL, 
	used INTEGER NOT NULL, 
	CONSTRAINT pk_quota_periods PRIMARY KEY (workspace_id, period), 
	CONSTRAINT fk_quota_periods_workspace_id_workspaces FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);
INSERT INTO "quota_periods" VALUES('wsp_0Vbww8yJprw07bFcuYfc','2026-11',2);
INSERT INTO "quota_periods" VALUES('wsp_0Vbww8yMWLn1iGMk9Yal','2026-11',1);
CREATE TABLE sign_ins (
	id VARCHAR(32) NOT NULL, 
	person_id VARCHAR(32) NOT NULL, 
	token_digest VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	user_agent VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_sign_ins PRIMARY KEY (id), 
	CONSTRAINT fk_sign_ins_person_id_people FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE, 
	CONSTRAINT uq_sign_ins_token_digest UNIQUE (token_digest)
);
INSERT INTO "sign_ins" VALUES('sgn_0Vbww9231e7FcS0qqJnE','psn_0Vbww8ro1fq4oajQMYia','514312d93020420ba1846a5d434a2e617ea0dccc8c022f54513327e7c28a1be5','2026-11-25 02:51:43.123366','2026-11-25 02:51:43.123367',NULL,'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0');
INSERT INTO "sign_ins" VALUES('sgn_0Vbww9241Z7tLeQKnMcn','psn_0Vbww8ro1fq4oajQMYia','2db70975446ee1621f22f10e6acf7f53bb1c2817cdbe9b4f586b31e8d534f446','2026-11-25 02:51:43.124397','2026-11-25 02:51:43.124398','2026-11-25 02:51:43.134503','Mozilla/5.0 (iPhone)');
CREATE TABLE workspaces (
	id VARCHAR(32) NOT NULL, 
	slug VARCHAR(60) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	plan_key VARCHAR(20) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_workspaces PRIMARY KEY (id), 
	CONSTRAINT uq_workspaces_slug UNIQUE (slug)
);
INSERT INTO "workspaces" VALUES('wsp_0Vbww8rukODAYxbKzpvb','olgas-workspace','Olga’s workspace','personal','personal','2026-11-25 02:51:42.494439');
INSERT INTO "workspaces" VALUES('wsp_0Vbww8yHAiC3v1njPbq8','bens-workspace','Ben’s workspace','personal','personal','2026-11-25 02:51:42.889579');
INSERT INTO "workspaces" VALUES('wsp_0Vbww8yJprw07bFcuYfc','acme','Acme','organization','pro','2026-11-25 02:51:42.891135');
INSERT INTO "workspaces" VALUES('wsp_0Vbww8yMWLn1iGMk9Yal','small-shop','Small shop','organization','free','2026-11-25 02:51:42.894420');
CREATE INDEX ix_bots_workspace_id ON bots (workspace_id);
CREATE INDEX ix_memberships_person_id ON memberships (person_id);
CREATE INDEX ix_sign_ins_person_id ON sign_ins (person_id);
CREATE INDEX ix_conversations_bot_recent ON conversations (bot_id, last_message_at);
CREATE INDEX ix_conversations_workspace_id ON conversations (workspace_id);
CREATE INDEX ix_messages_bot_time ON messages (bot_id, created_at);
CREATE INDEX ix_messages_conversation_order ON messages (conversation_id, created_at);
CREATE INDEX ix_messages_pending ON messages (status, alive_at);
CREATE INDEX ix_messages_reply_to ON messages (reply_to);
CREATE INDEX ix_messages_workspace_time ON messages (workspace_id, created_at);
COMMIT;
