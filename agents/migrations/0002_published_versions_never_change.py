from django.db import migrations

REFUSE = """
CREATE FUNCTION agents_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept agents_personalityversion := NEW;
BEGIN
    -- Deleting the member who wrote a version empties created_by. Everything else stays as it was.
    IF NEW.created_by_id IS NULL THEN kept.created_by_id := OLD.created_by_id; END IF;
    IF kept IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'version % of personality % is published and cannot change', OLD.number, OLD.personality_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_versions_never_change BEFORE UPDATE ON agents_personalityversion
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION agents_refuse_change();
"""
ALLOW = """
DROP TRIGGER published_versions_never_change ON agents_personalityversion;
DROP FUNCTION agents_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
