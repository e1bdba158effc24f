"""documents.py: how rows become Elasticsearch documents, as the services of each generation do it.

Knows nothing of HTTP. Names and omissions follow the services, their mistakes included.
"""
import datetime
import json

CAMEL = {name.lower(): name for name in '''
    accessCode addedBy addedByName addressId allTncAccepted approvalDate approvedBy approvedDate associationType
    batchId communityId contactDetail countDecrementDate countDecrementStatus countIncrementDate
    countIncrementStatus countryCode courseAdditionalInfo courseCreator courseId createdBy createdDate createdFor
    currentLoginTime dateTime emailVerified endDate enrollmentEndDate enrollmentType externalId firstName
    flagsValue hashTagId homeUrl imgUrl isApproved isDefault isDeleted isRejected isRootOrg isSSOEnabled isTenant
    lastLoginTime lastName locationId locationIds loginId managedBy maskedEmail maskedPhone noOfMembers orgCode
    orgJoinDate orgLeftDate orgLocation orgName orgType orgTypeId organisationId organisationSubType
    organisationType parentOrgId phoneVerified preferredLanguage prevUsedEmail prevUsedPhone profileDetails
    profileLocation profileSummary profileUserType profileUserTypes profileVisibility recoveryEmail recoveryPhone
    registryId rootOrgId startDate tempPassword tncAcceptedOn tncAcceptedVersion updatedBy updatedDate userId
    userName userSubType userType webPages
'''.split()}

# The timestamp twins of course_batch take the name of the text column, which becomes old...
TWINS = {'created_date': 'createdDate', 'start_date': 'startDate', 'end_date': 'endDate',
         'enrollment_enddate': 'enrollmentEndDate', 'updated_date': 'updatedDate'}

PARSED = ('profileLocation', 'profileUserType', 'profileUserTypes')


def plain(value):
    """A column's value as JSON holds it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime.datetime):
        return value.strftime('%Y-%m-%d %H:%M:%S:') + '%03d+0000' % (value.microsecond // 1000)
    if hasattr(value, 'items'):
        return {str(k): plain(v) for k, v in value.items()}
    if hasattr(value, '__iter__'):
        return [plain(v) for v in value]
    return str(value)


def camel(row):
    return {CAMEL.get(column, column): plain(value) for column, value in row.items()}


def parsed(text):
    """JSON held in a text column; text that is none stays as it is."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def live(memberships):
    """Only isdeleted = false counts: a null leaves the membership out."""
    return [row for row in memberships if row.get('isdeleted') is False]


def old_user(row, memberships, org_documents, any_org):
    """3.4: names come from Elasticsearch; one organisation without a document empties them all."""
    user = camel(row)
    user.pop('password', None)
    user.pop('updatedBy', None)
    user['identifier'] = row['id']
    try:
        root = org_documents.get(row['rootorgid'], {}) if row.get('rootorgid') else any_org()
        user['rootOrgName'] = root.get('orgName') or ''
        user['organisations'] = [{**camel(m), 'orgName': org_documents[m['organisationid']].get('orgName')}
                                 for m in live(memberships)]
    except KeyError:
        user['rootOrgName'], user['organisations'] = '', []
    return user


def new_user(row, memberships, roles, org_rows):
    """7.0: names come from Cassandra; the first organisation without a row ends the list."""
    user = camel(row)
    user['identifier'] = row['id']
    user['rootOrgName'] = (org_rows.get(row.get('rootorgid')) or {}).get('orgname')
    user['organisations'] = []
    for membership in live(memberships):
        if membership['organisationid'] not in org_rows:
            break
        one = camel(membership)
        one.pop('roles', None)
        one['orgName'] = org_rows[membership['organisationid']]['orgname']
        user['organisations'].append(one)
    for name in PARSED:
        if name in user:
            user[name] = parsed(user[name])
    user['allTncAccepted'] = {k: parsed(v) for k, v in (user.get('allTncAccepted') or {}).items()}
    user['roles'] = [{**camel(role), 'scope': parsed(role.get('scope'))} for role in roles]
    return user


def old_organisation(row):
    organisation = camel(row)
    organisation.pop('orgType', None)
    organisation['identifier'] = row['id']
    return organisation


def new_organisation(row):
    organisation = camel(row)
    organisation['orgLocation'] = parsed(organisation.get('orgLocation'))
    organisation['identifier'] = row['id']
    return organisation


def old_batch(row):
    return {**camel(row), 'identifier': row['id']}


def new_batch(row):
    """The whole row; the counters that other jobs put into the document are lost."""
    batch = {}
    for column, value in row.items():
        if column in TWINS:
            continue
        name = CAMEL.get(column, column)
        twin = next((t for t, n in TWINS.items() if n == name and t in row), None)
        if twin:
            batch['old' + name[0].upper() + name[1:]] = plain(value)
            batch[name] = plain(row[twin])
        else:
            batch[name] = plain(value)
    batch['identifier'] = row['batchid']
    return batch
